"""Tests of what goes to chats."""
