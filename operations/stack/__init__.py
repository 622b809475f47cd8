"""A whole portal on this machine: ``make run``, the demo and the tests start theirs with the same code."""

from operations.stack.layout import Ports, State
from operations.stack.obstacles import Obstacle
from operations.stack.stack import Stack

__all__ = ["Obstacle", "Ports", "Stack", "State"]
