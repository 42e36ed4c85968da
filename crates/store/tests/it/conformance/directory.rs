//! Accounts and projects.

use daypass_store::{
    Account, AccountStatus, NewAccount, NewProject, Project, ProjectStatus, Store, StoreFault,
};

use crate::support::{Place, account, account_in, at, project, project_id};

pub(crate) async fn an_account_is_one_by_issuer_and_external_id(place: &Place) {
    let store = place.open().await;
    let new = account("65");
    let recorded = store.accounts().upsert(new.clone(), at(1)).await.unwrap();
    let wanted = Account {
        id: new.id,
        issuer: "github".to_owned(),
        external_id: "65".to_owned(),
        name: "octo-org".to_owned(),
        tenant: Some("acme".to_owned()),
        status: AccountStatus::Accepted,
    };
    assert_eq!(recorded, wanted);
    assert_eq!(store.accounts().by_id(new.id).await.unwrap(), Some(recorded));
    let renamed = NewAccount {
        name: "new \u{1f600} name".to_owned(),
        tenant: None,
        status: AccountStatus::Suspended,
        ..account("65")
    };
    assert_ne!(renamed.id, new.id);
    let changed = Account { name: renamed.name.clone(), status: AccountStatus::Suspended, ..wanted };
    assert_eq!(store.accounts().upsert(renamed.clone(), at(2)).await.unwrap(), changed);
    assert_eq!(store.accounts().by_id(new.id).await.unwrap(), Some(changed));
    assert_eq!(store.accounts().by_id(renamed.id).await.unwrap(), None);
    let elsewhere = NewAccount { issuer: "gitlab".to_owned(), ..account("65") };
    assert_eq!(store.accounts().upsert(elsewhere.clone(), at(3)).await.unwrap().id, elsewhere.id);
    let [nul, taken] =
        [NewAccount { name: "\0".to_owned(), ..account("66") }, NewAccount { id: new.id, ..account("67") }];
    for refused in [nul, taken] {
        assert!(matches!(store.accounts().upsert(refused, at(4)).await, Err(StoreFault::Corrupt(_))));
    }
}

pub(crate) async fn a_project_keeps_its_id_and_configuration_when_it_is_recorded_again(place: &Place) {
    let store = place.open().await;
    let (owner, other) =
        (account_in(&store).await, store.accounts().upsert(account("66"), at(0)).await.unwrap().id);
    let new = project(owner, "42");
    let recorded = store.projects().upsert(new.clone(), at(1)).await.unwrap();
    let wanted = Project {
        id: new.id,
        account_id: owner,
        issuer: "github".to_owned(),
        external_id: "42".to_owned(),
        path: "octo-org/42".to_owned(),
        status: ProjectStatus::Active,
        config: "{}".to_owned(),
        created_at: at(1),
        updated_at: at(1),
    };
    assert_eq!(recorded, wanted);
    store.projects().set_config(new.id, r#"{"a":1}"#, at(2)).await.unwrap();
    store.projects().set_status(new.id, ProjectStatus::Deleted, at(3)).await.unwrap();
    let moved = NewProject { path: "other/name".to_owned(), ..project(other, "42") };
    let changed = Project {
        account_id: other,
        path: "other/name".to_owned(),
        config: r#"{"a":1}"#.to_owned(),
        updated_at: at(4),
        ..wanted
    };
    assert_eq!(store.projects().upsert(moved.clone(), at(4)).await.unwrap(), changed);
    assert_eq!(store.projects().find("github", "42").await.unwrap(), Some(changed.clone()));
    assert_eq!(store.projects().by_id(new.id).await.unwrap(), Some(changed));
    assert_eq!(store.projects().by_id(moved.id).await.unwrap(), None);
}

pub(crate) async fn a_project_belongs_to_an_account_that_exists(place: &Place) {
    let store = place.open().await;
    let refused = store.projects().upsert(project(account("65").id, "42"), at(1)).await;
    assert!(matches!(refused, Err(StoreFault::Corrupt(_))));
    assert_eq!(store.projects().list(None, 10).await.unwrap(), []);
}

pub(crate) async fn a_project_is_shown_with_the_account_that_owns_it(place: &Place) {
    let store = place.open().await;
    let (owner, other) =
        (account_in(&store).await, store.accounts().upsert(account("66"), at(0)).await.unwrap().id);
    for (owner, external_id) in [(owner, "42"), (other, "43")] {
        let recorded = store.projects().upsert(project(owner, external_id), at(1)).await.unwrap();
        let account = store.accounts().by_id(owner).await.unwrap();
        assert_eq!(store.projects().with_account(recorded.id).await, Ok(Some((recorded, account))));
    }
    assert_eq!(store.projects().with_account(project_id()).await, Ok(None));
}

pub(crate) async fn a_project_changes_its_standing_and_configuration(place: &Place) {
    let store = place.open().await;
    let owner = account_in(&store).await;
    let [changed, untouched] = ["42", "43"].map(|id| project(owner, id));
    let mut wanted = store.projects().upsert(changed.clone(), at(1)).await.unwrap();
    let beside = store.projects().upsert(untouched.clone(), at(1)).await.unwrap();
    for (status, time) in
        [(ProjectStatus::Suspended, 2), (ProjectStatus::Deleted, 3), (ProjectStatus::Active, 4)]
    {
        (wanted.status, wanted.updated_at) = (status, at(time));
        let answer = store.projects().set_status(changed.id, status, at(time)).await.unwrap();
        assert_eq!(answer, Some(wanted.clone()));
    }
    (wanted.config, wanted.updated_at) = ("{\"\u{1f600}\":\"'\"}".to_owned(), at(5));
    let answer = store.projects().set_config(changed.id, &wanted.config, at(5)).await.unwrap();
    assert_eq!(answer, Some(wanted.clone()));
    assert_eq!(store.projects().by_id(changed.id).await.unwrap(), Some(wanted));
    assert_eq!(store.projects().by_id(untouched.id).await.unwrap(), Some(beside));
    let unknown = project_id();
    assert_eq!(store.projects().set_status(unknown, ProjectStatus::Active, at(6)).await, Ok(None));
    assert_eq!(store.projects().set_config(unknown, "{}", at(6)).await, Ok(None));
    for (issuer, external_id) in
        [("gitlab", "42"), ("github", "4"), ("github", "042"), ("GitHub", "42"), ("", "")]
    {
        assert_eq!(store.projects().find(issuer, external_id).await, Ok(None), "{issuer} {external_id}");
    }
}

pub(crate) async fn projects_are_listed_in_pages(place: &Place) {
    let store = place.open().await;
    let owner = account_in(&store).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let new = project(owner, &number.to_string());
        ids.push(new.id);
        store.projects().upsert(new, at(1)).await.unwrap();
    }
    let page = async |after, limit| {
        let listed = store.projects().list(after, limit).await.unwrap();
        listed.into_iter().map(|project| project.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 10).await, ids);
    assert_eq!(page(None, 2).await, ids[..2]);
    assert_eq!(page(Some(ids[1]), 2).await, ids[2..4]);
    assert_eq!(page(Some(ids[4]), 2).await, []);
}

pub(crate) async fn projects_are_found_by_path_though_several_have_it(place: &Place) {
    let store = place.open().await;
    let owner = account_in(&store).await;
    let named = |external_id: &str, issuer: &str, path: &str| NewProject {
        issuer: issuer.to_owned(),
        path: path.to_owned(),
        ..project(owner, external_id)
    };
    for new in [
        named("1", "github", "octo-org/octo-repo"),
        named("2", "github", "octo-org/octo-repo"),
        named("3", "gitlab", "octo-org/octo-repo"),
        named("4", "github", "octo-org/octo-repo2"),
        named("5", "github", "Octo-Org/octo-repo"),
    ] {
        store.projects().upsert(new, at(1)).await.unwrap();
    }
    let found = async |issuer, path| {
        let found = store.projects().find_by_path(issuer, path).await.unwrap();
        found.into_iter().map(|project| project.external_id).collect::<Vec<_>>()
    };
    assert_eq!(found(None, "octo-org/octo-repo").await, ["1", "2", "3"]);
    assert_eq!(found(Some("github"), "octo-org/octo-repo").await, ["1", "2"]);
    assert_eq!(found(Some("gitlab"), "octo-org/octo-repo").await, ["3"]);
    assert_eq!(found(Some(""), "octo-org/octo-repo").await, [""; 0]);
    assert_eq!(found(None, "octo-org/%").await, [""; 0]);
}

pub(crate) async fn two_servers_that_record_one_project_at_once_record_one(place: &Place) {
    let stores = [place.open().await, place.open().await];
    let recording: Vec<_> = (0..20)
        .map(|number| {
            let store: Store = stores[number % 2].clone();
            tokio::spawn(async move {
                let owner = account_in(&store).await;
                store.projects().upsert(project(owner, "42"), at(1)).await.unwrap().id
            })
        })
        .collect();
    let mut ids = Vec::new();
    for one in recording {
        ids.push(one.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(stores[0].projects().list(None, 10).await.unwrap().len(), 1);
}
