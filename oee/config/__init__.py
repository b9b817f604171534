"""The plant file and the environment, read once into frozen models; nothing else reads files or variables."""
