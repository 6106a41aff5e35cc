"""What a gate answers, as people and programs of a CI job read it."""
