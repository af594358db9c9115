"""What a package is made of, one module per kind. Trust is decided elsewhere; here bytes are held against facts."""
