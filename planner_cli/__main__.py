"""``python -m planner_cli``."""

import sys

from planner_cli.cli import main

sys.exit(main())
