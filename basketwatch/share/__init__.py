"""Pictures for a chat: data of ``views.cards`` through the templates of ``cards``."""
