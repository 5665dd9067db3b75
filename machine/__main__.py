"""What Python runs when it is given the archive."""

from portico_machine.main import main

main()
