"""The measurements of real games and markets that checks are compared with, in words.

`docs/calibration.md` says more of each. "Published" figures were read in their primary text;
"reported" ones are second hand, so they are hints.
"""

NBA_SCORES = "15,000 NBA games, 2011 to 2023, every score"
NBA_LINES = "closing lines of NBA games, 10,255 to 2014 and 6,581 to 2020"
NBA_CLOCK = "632 NBA games of 2015-16 with real times"
SIMULATED_PRICE = "consistency of price and result in the simulation"
NFL_GAMES = "2,693 NFL games, 2011 to 2021"
MLB_GAMES = "14,784 MLB games, 2014 to 2019"
JOINT_NFL = "7,245 NFL games, published"
JOINT_MLB = "MLB games, published without errors"
BETFAIR = "Betfair, two NBA moneylines of 2019"
KALSHI = "Kalshi, one NBA game and 569 markets by the minute"
KALSHI_SCORES = "Kalshi, 66 scores of one NBA final, published"
IN_PLAY_BOOKS = "Betfair and Kalshi, NBA moneylines in play"
PROPHETX_BOOKS = "ProphetX, 53 moneyline books, autumn 2025"
PROPHETX_PRINTS = "ProphetX, 60 sessions of summer 2026, published"
POLYMARKET = "Polymarket US, 51 WNBA and 213 MLB games"
SX_BET = "SX Bet, 44,397 takers' trades"
JOINER = "17,032 fills of a joiner, 12 WNBA games, published"
QUEUE_EQUITIES = "touch orders of known queue in equities, published"
ALL_MAKERS = "72 million trades of a prediction market, reported"
PRICE_OF_DEPTH = "books of a sports exchange by price and time, published"
LATE_FAVOURITES = "fits to late prices of three leagues, reported"
RULE = "how the games are made"
