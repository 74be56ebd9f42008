"""The screens of the gas watch: the region's mines, one mine, one point, one episode, how the feeds do, a month's figures."""
