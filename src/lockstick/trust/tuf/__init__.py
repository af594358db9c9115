"""What a TUF 1.0 client may believe next: bytes and a time in, typed state or an error out."""
