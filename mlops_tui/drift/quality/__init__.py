"""What is usual for the rows of a window as the reference shows it, and what a project demands of them."""
