"""The machine's service: makes an EC2 machine what its document in the bucket says, and reports what it is."""
