"""What training scripts call: runs, their journal, and what is captured about them."""
