"""Whether an answer may enter the store; a file here may import domain, the ground and words."""
