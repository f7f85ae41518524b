"""The ten tests of a screen, a file each: a pure function from the evidence to a finding."""
