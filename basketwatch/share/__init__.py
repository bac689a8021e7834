"""Pictures and messages for people who do not open the pages; of ``sources`` only ``net``."""
