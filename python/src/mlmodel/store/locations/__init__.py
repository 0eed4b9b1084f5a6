"""Where models are: paths, URIs, downloads and their cache."""
