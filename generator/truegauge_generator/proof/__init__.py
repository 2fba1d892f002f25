"""Whether rules do what is said of them: their tests run, and wrong rules run against the same tests."""
