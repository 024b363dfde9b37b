"""The invented teams of each league, each with a code and the time zone of its home.

A league has as many teams as the real one, about as many of them in each zone.
"""

from typing import NamedTuple
from zoneinfo import ZoneInfo

ZONES = {
    "E": ZoneInfo("America/New_York"),
    "C": ZoneInfo("America/Chicago"),
    "M": ZoneInfo("America/Denver"),
    "P": ZoneInfo("America/Los_Angeles"),
}


class SeasonTeam(NamedTuple):
    """A team: the code by which folders name it, its name, and the zone of its home games."""

    code: str
    name: str
    zone: ZoneInfo


def _teams(table: str) -> tuple[SeasonTeam, ...]:
    """Return the teams of a table with a line for each: zone, code, name."""
    rows = (line.split(maxsplit=2) for line in table.strip().splitlines())
    return tuple(SeasonTeam(code, name, ZONES[zone]) for zone, code, name in rows)


_NBA = """
E LKV Lakeview Lanterns
E HBR Harbor City Herons
E CIN Cinder Falls Comets
E ELL Port Ellis Pilots
P GRA Granite Bay Giants
E WEX Wexford Wolves
E ALD Alder Point Arrows
E BRK Brookhaven Badgers
E CAR Carrick Cardinals
E DOV Dovercourt Dragons
E EAS Easton Embers
E FEN Fenwick Flyers
E HOL Hollis Hawks
E MAR Marlow Mariners
C ASH Ashland Aces
C BIR Birch Lake Bolts
C CED Cedar Plains Coyotes
C DEL Delmont Drivers
C FOR Fort Mason Falcons
C KIN Kingsley Knights
C MIL Millbrook Mustangs
C OAK Oakdale Otters
C RIV Rivermont Riders
M ELK Elk Ridge Eagles
M MES Mesa Verde Miners
M SAL Saltwell Stallions
P CLI Cliffside Condors
P PAL Palmera Pumas
P SEA Seabright Surge
P VIS Vista Bay Vipers
"""

_NFL = """
C IRO Ironwood Armadillos
E STO Stonebridge Sentinels
E BAY Bayview Barracudas
C PRA Prairie City Plowmen
E RED Redcliff Ravagers
M SUM Summit Stags
E ABE Aberdale Anvils
E BLA Blackwater Bulls
E CAL Caldwell Chargers
E DUN Dunbar Destroyers
E ESS Essex Colonels
E GAL Galloway Generals
E HAR Hartwell Hammers
E KEN Kenwood Kestrels
E LAN Landry Lynx
E MON Montrose Monarchs
E NEW Newbury Navigators
E PEN Penrose Panthers
E QUA Quarry Hill Quakers
C BEL Belmont Bison
C COL Coldwater Cougars
C DAK Dakota Falls Diggers
C GUL Gulfside Gators
C MAD Madrone Marauders
C OSA Osage Outlaws
C TRI Tri-Rivers Titans
M CAN Canyon City Cavalry
P BRE Breakwater Breakers
P COR Corona Crusaders
P EVE Evergreen Axemen
P SIE Sierra Sabers
P SUN Sunset Beach Sharks
"""

_MLB = """
E DUN Dunmore Dockers
C ASH Ashgrove Anglers
E FAI Fairhaven Foxes
E KES Kestrel Valley Kites
E MAP Maple Ridge Millers
C NOR Northgate Nomads
E BEA Beaumont Beavers
E BRI Bridgeport Brewmen
E CHE Chester Chiefs
E EDG Edgewater Eagles
E GLE Glenfield Grays
E HIL Hillsboro Hornets
E LIN Linwood Larks
E MER Meridian Mules
E ORC Orchard Park Owls
E PEM Pembroke Pilgrims
E SPR Spring Hill Sparrows
C BUR Burlington Bluebirds
C CLA Clayton Colts
C DEC Decatur Drummers
C FAR Farmington Farmers
C LAK Lakemont Loons
C RIC Richland Roosters
M BOU Boulder Creek Bighorns
M SAN Sandstone Scorpions
P BAL Balboa Breeze
P CRE Crescent City Crabs
P HAV Haven Beach Hurricanes
P PAC Pacific Grove Pelicans
P TAM Tamarack Timbermen
"""

_NHL = """
E FRO Frost Harbor Foghorns
E TIM Timber Falls Trappers
C SIL Silverlake Skippers
E BIR Birchwood Bears
E NOR Northern Pike Pilgrims
M GLA Glacier City Gulls
E ARC Arcadia Auroras
E BRA Bramwell Brigade
E CHA Chatham Chill
E DAL Dalton Dynamos
E EDE Edenburg Elks
E GRE Greystone Griffins
E HUD Hudson Bay Huskies
E KIL Kilmer Kodiaks
E LAU Laurier Lancers
E MAC Macallan Mounties
E OTT Otter Creek Oxen
E RID Rideau Rangers
E SHE Sherbrooke Sentries
C BLI Blizzard Bluffs Bobcats
C DUL Dulwich Drifters
C MAN Manitou Moose
C MIN Minto Mammoths
C PRA Prairie Crossing Plainsmen
C SAU Saukville Snowhawks
M BAN Banner Peak Bulldogs
M CAL Calder Cowboys
M WHI Whitehorn Wranglers
P CAS Cascade Cyclones
P COA Coastline Corsairs
P JUN Juneau Jets
P ORC Orca Bay Orcas
"""

TEAMS: dict[str, tuple[SeasonTeam, ...]] = {
    "nba": _teams(_NBA),
    "nfl": _teams(_NFL),
    "mlb": _teams(_MLB),
    "nhl": _teams(_NHL),
}
