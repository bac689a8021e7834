"""Every text, and how numbers and dates are written; a file here may import domain and errors."""
