"""The bench of Byline. `scripts/bench` is the way in; bench/README.md explains."""
