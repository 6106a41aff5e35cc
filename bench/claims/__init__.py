"""Published claims: their files, how they are judged, how verdicts are told."""
