"""The ten tests, a file each: what a screen finds of a deal, each a pure function of the evidence."""
