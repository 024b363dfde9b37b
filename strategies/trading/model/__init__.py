"""Events, commands, markets, odds and money: the types that everything else is written in."""
