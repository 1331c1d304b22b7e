"""What the lab and the service share: whom a server on this machine answers, where it listens, how much it reads."""
