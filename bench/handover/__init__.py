"""What the processes of one trial share: runner, worker and verifier."""
