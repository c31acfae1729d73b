"""Tables around the trail: what keeps its chain verifiable."""
