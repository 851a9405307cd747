"""Numbers of China's pilots that texts hold, of the years after the law was last seen whole."""

from __future__ import annotations

from tests.regimes.test_pilot_recent_facts import SOURCED

NOT_FOUND = {  # looked for in the texts at hand and not found there
    "beijing": {"auctions.{}.bid_share", "stabilisation.{}.high_price", "stabilisation.{}.low_price"},
    "fujian": {"offsets.{}.ffcer.limit_share", "offsets.{}.ffcer.limit_base"},
    "guangdong": {"allocation.{}.pre_share", "allocation.{}.auction_share.power"},
    "hubei": {"allocation.{}.classes.cement.pre_share"},
}
FOUND = {  # of 2018 and later, in plans, notices and a decree without an end
    "beijing": {"calendar.2019.deadline", *SOURCED["beijing"]},
    "fujian": {
        "allocation.2018.pre_share", "allocation.2019.pre_share", "allocation.2022.deficit_cap",
        "calendar.2019.deadline", "calendar.2020.announced", "calendar.2022.announced", "calendar.2023.announced",
        "calendar.2023.verified", "calendar.2023.deadline",
    },
    "guangdong": {
        "calendar.2018.deadline", "calendar.2019.deadline", "calendar.2019.allocated", "calendar.2019.announced",
        "auctions.2019.months.0", "auctions.2019.volume",
        "auctions.2019.reserve_multiple", "auctions.2019.reserve_months", *SOURCED["guangdong"],
    },
    "hubei": {
        "allocation.2022.interim_factor", "allocation.2022.classes.chemicals.interim_factor",
        "allocation.2022.classes.steel.interim_factor", "allocation.2023.interim_factor",
        "allocation.2023.classes.chemicals.interim_factor", "auctions.2019.months.0", "auctions.2019.short_only",
        "auctions.2019.volume", "auctions.2022.volume", "calendar.2019.deadline", "calendar.2021.allocated",
        "calendar.2021.announced", "calendar.2021.deadline", "calendar.2021.verified", "calendar.2022.allocated",
        "calendar.2022.announced", "calendar.2022.deadline", "calendar.2023.announced", "calendar.2023.deadline",
    },
    "shanghai": {"grid_factor.2018.factor", "grid_factor.2019.factor", *SOURCED["shanghai"]},
    "shenzhen": {f"calendar.{year}.announced" for year in range(2021, 2025)},
    "tianjin": {
        "allocation.2019.pre_share", "allocation.2021.correction_factor", "allocation.2021.interim_factor",
        "auctions.2019.months.0", "auctions.2019.months.1", "auctions.2019.volume", "auctions.2019.reserve_multiple",
        "auctions.2019.reserve_months", "auctions.2019.terms.2020-06.emission_share",
        "auctions.2019.terms.2020-08.volume", "auctions.2019.terms.2020-08.short_only", "auctions.2020.months.0",
        "auctions.2020.volume", "calendar.2019.announced", "calendar.2019.deadline", "calendar.2020.announced",
        "calendar.2020.deadline", "calendar.2023.announced",
    },
}  # fmt: skip
