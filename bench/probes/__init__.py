"""What else is watched while a trial is measured, one file each."""
