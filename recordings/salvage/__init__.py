"""What is whole in recordings and journals that were cut or changed."""
