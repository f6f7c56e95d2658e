"""Wide schemas: are the tables that a question needs among those that the models are shown?"""
