"""Reading of the component tables of a tariff document, one reader a kind."""
