import base64
import unittest

from harness import lists
from harness.places import ROOT


class Lists(unittest.TestCase):
    admitted = lists.admitted((ROOT / "docs" / "openapi.json").read_text())

    def test_every_sort_of_every_list_is_asked_for(self):
        plain = {(one.path, one.sort) for one in self.admitted if not one.parameters}
        for path, keys in [
            ("/users", ["id", "name", "email", "created_at"]),
            ("/posts", ["id", "title", "created_at", "updated_at"]),
            ("/users/{user_id}/posts", ["id", "title", "created_at", "updated_at"]),
        ]:
            for key in keys:
                self.assertLessEqual({(path, key), (path, f"-{key}")}, plain)

    def test_a_filter_on_a_key_goes_with_the_sort_on_it(self):
        for one in self.admitted:
            for name, _ in one.parameters:
                key, point, _ = name.partition(".")
                if point:
                    self.assertEqual(key, one.sort.removeprefix("-"))

    def test_lists_of_somebody_are_filled_in(self):
        listed = lists.List("/posts", "-title", (("user_id", "{user_id}"),))
        self.assertTrue(listed.personal())
        self.assertEqual(listed.url(7, "a@example.org"), "/posts?sort=-title&limit=50&user_id=7")
        self.assertEqual(listed.reversed(), "title")

    def test_a_cursor_is_moved_to_another_row(self):
        content = bytes([1, 0]) + b"listhash"
        row = {"id": 258, "name": "Ada", "created_at": "2026-11-22T10:00:00.123456Z"}
        def decoded(cursor):
            return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))

        start = base64.urlsafe_b64encode(content + b"\0" * 17).decode().rstrip("=")
        by_name = decoded(lists._moved(start, row, "name"))
        self.assertEqual(by_name[:-8], content + (258).to_bytes(8, "big") + b"\1Ada")
        by_time = decoded(lists._moved(start, row, "created_at"))
        self.assertEqual(by_time[18:19] + by_time[19:27], b"\2" + (1795341600123456).to_bytes(8, "big"))

    def test_the_checksum_is_fnv_1a(self):
        # A vector of the algorithm's authors.
        self.assertEqual(lists._fnv1a(b"foobar").hex(), "85944171f73967e8")


if __name__ == "__main__":
    unittest.main()
