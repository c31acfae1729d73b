"""Chinese word order for follow-ups: what changes the question before.

The lines are those of `grammar_zh`, with the same signs; U is a change, `rows` says what was shown.
"""

LINES: tuple[tuple[str, str, str, float], ...] = (
    ("U", "M", "filter_by", 0.05),
    ("U", "V", "filter_value", 0.1),
    ("U", "W", "filter_time", 0.0),
    ("U", "G", "group_by", 0.0),
    ("U", "@each_grain", "group_grain", 0.0),
    ("U", "O", "sort_by", 0.0),
    ("U", "top N place?", "cut_top", 0.0),
    ("U", "their? de? L", "reshow", 0.1),
    ("U", "how_many", "count_them", 0.0),
    ("U", "share_of", "as_share", 0.0),
    ("U", "follow comma? U", "same", -0.1),
    ("U", "and|comma|only U", "same", 0.0),
    ("U", "cmd U", "of_rows", 0.1),
    ("U", "U is? what", "of_rows", 0.05),
    ("U", "U de", "same", 0.1),
    ("U", "U comma U", "filtered_then", 0.05),
    # which of them: what was shown is narrowed, and what was counted is listed
    ("U", "rows inside? comma? U", "of_rows", -0.1),
    ("U", "M de? what|which", "which", -0.1),
    ("U", "V de? what|which", "which_value", -0.05),
    ("U", "which M", "which", -0.1),
    ("U", "which in? V", "which_value", -0.05),
    # the best of them
    ("U", "Best de? is? which|what", "best_of", 0.0),
    ("U", "which is? Best", "best_of", 0.0),
    ("U", "P de? is? which|what", "which", -0.05),
    ("U", "@sup de? is? which|what", "extreme_shown", 0.05),
    ("U", "most|most_after de? is? which|what", "most_shown", 0.05),
    ("U", "fewest|fewest_after de? is? which|what", "fewest_shown", 0.05),
    ("U", "which is? @sup", "extreme_shown", 0.05),
    ("U", "which is? most|most_after", "most_shown", 0.05),
    ("U", "which is? fewest|fewest_after", "fewest_shown", 0.05),
    ("U", "which T|C most|most_after", "most_of_noun", -0.1),
    ("U", "which T|C fewest|fewest_after", "fewest_of_noun", -0.1),
    # what of them is shown
    ("U", "also_show their? de? L", "show_also", -0.1),
    ("U", "rows in which", "where_from_them", 0.0),
    # groups by their figure
    ("U", "@cmp N unit?", "having_shown", 0.1),
    ("U", "N above_post", "having_or_more", 0.1),
    ("U", "N below_post", "having_or_fewer", 0.1),
    # how many of them, and of what belongs to them
    ("U", "with? how_many M", "count_those", 0.0),
    ("U", "with? how_many in? V", "count_those_values", 0.05),
    ("U", "M de? with? how_many", "count_those", 0.0),
    ("U", "V de? with? how_many", "count_those_values", 0.05),
    ("U", "E with? how_many", "count_those_rows", 0.0),
    ("U", "with? how_many E", "count_those_rows", 0.05),
    ("U", "rows verb? each_how_many E", "count_of_each", -0.2),
    ("U", "each_how_many E", "count_of_each", -0.1),
    # what belongs to them
    ("U", "rows verb|in which E", "theirs", -0.2),
    ("U", "which E verb rows", "theirs", -0.2),
    # groups
    ("U", "G split|cmd|count_cmd", "group_by", 0.0),
    ("U", "G split cmd|count_cmd", "group_by", 0.0),
    ("U", "split_by E split|cmd|count_cmd?", "group_by_entity", 0.0),
    ("U", "split_by E split cmd|count_cmd", "group_by_entity", 0.0),
)
