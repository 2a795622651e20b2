"""What is published: complete, sound, and the same whenever it is made."""
