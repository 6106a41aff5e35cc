"""Does the benchmark measure right? Subjects whose behaviour is known, and what must be measured.

Each row of the self-test is one scenario in ``scenarios/``, measured and analysed by the same code
as any other, and a function that says what its analysis must show.
"""
