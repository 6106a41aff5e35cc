"""What is broken on purpose, one file for each kind of fault, and how a trial is broken."""
