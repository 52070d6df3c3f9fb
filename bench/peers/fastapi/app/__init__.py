"""Users and posts with FastAPI, SQLAlchemy and PyMySQL or SQLite, as the
tutorials build them: routers, services, DAOs, DTOs, a session per request.

    DATABASE_URL=sqlite:///byline.db uvicorn --workers 2 --no-access-log app.main:app
"""
