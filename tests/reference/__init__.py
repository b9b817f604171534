"""The calculation rules once more, slow and obvious, from their text alone: the oracle for the engine.

One file per section of the rules, in their order, so that text and code can be read side by side. Everything is exact
(`int` µs, `Fraction`), nothing is vectorised, carried over or kept: each question is answered by looking at all the
samples again. It shares nothing with the engine but the nouns of `oee.model` and of the plant file. Where the rules
leave a choice, docs/architecture.md "Decisions" is followed, and the line says "decided".

Not told here: derived states (S-21), which belong into section4_silence.py; what two counters that were not read
together say of a third (S-9, tests/property/test_counter_thirds.py); roll-ups (S-29, S-40 …) and revisions, which have
tests of their own.
"""
