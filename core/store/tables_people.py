"""Tables of people beside `people` itself: groups, invitations, second factors."""
