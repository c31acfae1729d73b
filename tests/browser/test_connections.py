"""A file of one's own: uploaded on the Connections page, and asked at once."""

import pytest
from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser
BIRDS = "species,place,seen\nHeron,Lake,4\nKestrel,Field,2\nHeron,River,3\nWren,Garden,9\n"


def test_an_uploaded_file_can_be_asked_at_once(visit: Visit) -> None:
    person = visit(path="/connections")
    expect(person.button("connections.open").first).to_be_visible()  # the last to be drawn: nothing moves any more
    person.button("connections.upload").click()
    file = FilePayload(name="birds.csv", mimeType="text/csv", buffer=BIRDS.encode())
    person.page.locator('input[type="file"]').set_input_files(file)
    expect(person.page.get_by_label(person.said("connections.name")).first).to_have_value("birds")
    person.widget("connections.upload_do").get_by_role("button").click()
    expect(person.page.get_by_text(person.said("connections.uploaded", name="birds", n=1))).to_be_visible()

    person.turn_to("ask")
    person.widget("ask.connection").get_by_role("combobox").click()
    person.page.get_by_role("option", name="birds").click()
    expect(person.page.get_by_text("Ask in your own words about birds")).to_be_visible()
    person.ask("total seen by species")
    card = person.answered()
    expect(card).to_contain_text("Wren")
    expect(card).to_contain_text("9")
    expect(person.plot(card)).to_be_visible()
