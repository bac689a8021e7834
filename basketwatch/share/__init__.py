"""Pictures and messages for people who do not open the pages: cards by templates, senders, an outbox; of ``sources`` only ``net``."""
