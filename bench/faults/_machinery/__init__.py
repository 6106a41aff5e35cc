"""What the faults share: when they act, what is noted of it, and a disk that can lose writes."""
