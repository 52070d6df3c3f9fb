-- Marks the file as Byline's ("Byln"); `byline` refuses files without the mark.
PRAGMA application_id = 1115253870;

-- Which release of the program brought which schema.
CREATE TABLE releases (
    version TEXT NOT NULL PRIMARY KEY,
    -- The newest migration of that release.
    schema_version TEXT NOT NULL
) STRICT;
