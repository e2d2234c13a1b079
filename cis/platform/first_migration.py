"""How the tables of a room are made in an empty database: in one go."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class FirstMigration(migrations.Migration):
    """
    The migration that creates all tables of a room, each whole, those first that others name.

    Django renders the models anew after each table, with all that they are related to, which takes minutes for some
    hundred tables. Here they are rendered once for the whole room, so no operation may change what one before it made.
    """

    initial = True

    def apply(
        self,
        project_state: ProjectState,
        schema_editor: BaseDatabaseSchemaEditor,
        collect_sql: bool = False,  # noqa: ARG002 (the editor collects)
    ) -> ProjectState:
        """Create the tables, and return the state with them."""
        made = ProjectState(models=dict(project_state.models), real_apps=project_state.real_apps)
        for operation in self.operations:
            operation.state_forwards(self.app_label, made)
        for operation in self.operations:
            operation.database_forwards(self.app_label, schema_editor, project_state, made)
        return made
