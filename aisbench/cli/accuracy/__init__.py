"""The commands about the accuracy of answers."""
