from basketwatch.views.cards import today
def card(snapshot, what, lang, histories=None):
    return today.card(snapshot, lang)
