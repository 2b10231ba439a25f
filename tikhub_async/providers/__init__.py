"""One module per provider, all of one shape: endpoints, for video one table of words, one class."""
