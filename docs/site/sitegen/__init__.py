"""What the site is made of, before Sphinx sees it: pages of the reference, of the experiments, and checks of links."""
