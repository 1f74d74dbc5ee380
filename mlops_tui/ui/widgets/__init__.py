"""What screens are made of; widgets draw records and know no store."""
