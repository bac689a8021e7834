"""What follows from the stored data, computed without writing; a file here may import domain, the store for reading, and words."""
