"""The log of a run or a session: lines with the time of its clock, in files of bounded size."""
