"""A benchmark for LangGraph checkpoint savers.

A **scenario** asks one question: it puts a **workload** on several **subjects** under a given
**arrival** of operations. It expands into a **plan** of **trials**; each trial runs in a fresh
**worker** process, on a given event **loop** and interpreter, and leaves a **record** of
**samples** and **probe** readings. The **analysis** turns records into **estimates**,
**comparisons** and **findings**. **Reporters** tell the result. Measuring and analysing meet only
in the records.
"""

__version__ = "0.1.0"
