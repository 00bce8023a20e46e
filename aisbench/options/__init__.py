"""The declaration of an option: one entry from which its checks, its flags, its help and its documentation come."""
