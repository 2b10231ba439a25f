"""Events in, the final object out: one pure accumulator per streaming dialect."""
