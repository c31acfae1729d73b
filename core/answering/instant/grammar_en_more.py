"""English word order for what tells of other rows: the best of each group, figures over time, two columns figured
together, rows that point at others of their own table.

The lines are those of `grammar_en`, with the same signs; K is a day of the week.
"""

LINES: tuple[tuple[str, str, str, float], ...] = (
    # numbers with their unit, and two columns of a row
    ("N", "N @unit", "with_unit", 0.0),
    ("C", "C @sign C", "arithmetic", 0.0),
    ("C", "C per C", "ratio", 0.0),
    ("C", "@sign_of C and C", "arithmetic_of", 0.0),
    ("I", "@agg C @sign C", "want_difference", 0.0),
    ("I", "@agg C @sign @agg C", "want_difference_twice", 0.0),
    ("P", "C @cmp C", "check_columns", 0.05),
    ("M", "C @cmp C", "check_columns", 0.05),
    ("P", "C @cmp_time C", "check_columns_time", 0.05),
    ("P", "@cmp_split C than C", "check_split_columns", 0.05),
    ("P", "@cmp C than C", "check_split_columns", 0.05),
    ("M", "who? @verb @cmp_time C", "done_against", 0.0),
    # entities
    ("E", "T N", "numbered", 0.15),
    ("S", "E mine Best E", "best_of_each", 0.0),
    ("E", "E Best", "best_after", 0.05),
    ("E", "E @nth Best", "nth_best_after", 0.05),
    ("E", "top N E by C", "few_best_top", 0.0),
    ("E", "bottom N E by C", "few_best_bottom", 0.0),
    ("S", "@nth @sup C", "nth_value", 0.05),
    ("S", "@nth @sup C of|in|for|among E", "nth_value", 0.0),
    ("verb", "aux @verb", "same", 0.02),
    # days of the week
    ("M", "who? verb? on|in|at|from|during? @days", "on_days", 0.0),
    # figures over time
    ("S", "running S", "running", 0.0),
    ("S", "S comma? with|and their? running_total", "running", 0.0),
    ("S", "growth_of S", "growth", 0.0),
    ("S", "S growth", "growth", 0.0),
    ("S", "change_of S", "change", 0.0),
    ("S", "@period growth_of S", "period_growth", 0.0),
    ("S", "@period S growth", "period_growth", 0.0),
    ("S", "@period change_of S", "period_change", 0.0),
    ("S", "S comma? @previous", "period_change_after", 0.0),
    ("S", "change_of S @previous", "period_change_after", 0.0),
    # rows that point at others of their own table
    ("M", "who? verb? @under V", "pointed", 0.0),
    ("M", "who? @above V", "pointed", 0.0),
    ("P", "@role called? V", "pointed", 0.0),
    ("E", "@role of V", "of_role", 0.0),
    ("E", "V mine @role", "of_role_after", 0.0),
    ("E", "@role", "those_above", 0.3),
    ("E", "@above V", "who_leads", 0.05),
    ("E", "V @above", "lead_by", 0.05),
    ("P", "no @role", "pointing_nowhere", 0.0),
    ("M", "without @role", "pointing_nowhere", 0.0),
    ("M", "who? @attr_verb @cmp their? @role", "against_role", 0.0),
    ("P", "C @cmp their? @role", "against_role", 0.0),
    ("M", "who? @adj their? @role", "adjective_against_role", 0.0),
    ("M", "who? not with @role", "pointing_nowhere", 0.0),
    ("E", "@under V", "who_leads", 0.05),
    ("S", "S and|with their? @role", "with_role", 0.0),
    ("S", "L of @role of E", "wishes_of_role", 0.0),
    ("S", "E and|with their? @role", "each_with_role", 0.0),
    ("Q", "how_many E @under each @role", "count_under", 0.0),
    ("Q", "how_many @below each E with|verb?", "count_below_each", 0.0),
    ("Q", "how_many @below each @role with|verb?", "count_below_role", 0.0),
    ("S", "count_of @below each|of @role", "count_below_role", 0.0),
)
